"""Settings, from the environment alone; every default is safe on one machine.

Two databases never mix: `DUBAN_CLOCK=demo` opens the demonstration (made clock, no real mail or
SMS), anything else opens the real one. What is missing for real use is named by `manage.py check`.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import environ
from django.utils.translation import gettext_lazy as _

from config import databases

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

VAR = Path(env.str("DUBAN_VAR", default=str(BASE_DIR / "var")))
DEMO = env.str("DUBAN_CLOCK", default="system") == "demo"
OUTGOING = VAR / "outgoing" / ("demo" if DEMO else "real")


def _kept_secret_key() -> str:
    """The signing key: made at the first start and kept, so that a restart signs nobody out."""
    path = VAR / "secret_key"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        VAR.mkdir(parents=True, exist_ok=True)
        key = secrets.token_urlsafe(50)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text().strip()
        with os.fdopen(handle, "w") as file:
            file.write(key)
        return key


SECRET_KEY = env.str("SECRET_KEY", default="") or _kept_secret_key()
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "config.apps.ConfigConfig",
    "workflows.apps.WorkflowsConfig",
    "ledger.apps.LedgerConfig",
    "measures.apps.MeasuresConfig",
    "notifications.apps.NotificationsConfig",
    "bureaus.apps.BureausConfig",
    # viewflow's engine and its diagram; its own pages and middleware are not used.
    "viewflow",
    "viewflow.workflow",
    "config.apps.DubanAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
]

VIEWFLOW = {"AUTOREGISTER": False}

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "config.language.chosen_language",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "workflows.context.chrome",
            ],
        },
    },
    # Texts of mails and SMS: nothing to escape there.
    {
        "NAME": "text",
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {"autoescape": False},
    },
]

# --- Data ------------------------------------------------------------------------------------

_database = VAR / ("demo.sqlite3" if DEMO else "duban.sqlite3")
DATABASES = {
    "default": databases.configured(
        env.str("DEMO_DATABASE_URL" if DEMO else "DATABASE_URL", default=f"sqlite:///{_database}")
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
MEDIA_ROOT = VAR / ("demo-attachments" if DEMO else "attachments")

# The latest time a pass has seen, kept outside the database: a restored one is known by it.
CLOCK_WITNESS = VAR / ("demo-clock-witness.json" if DEMO else "clock-witness.json")

AUTH_USER_MODEL = "bureaus.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "desk"
LOGOUT_REDIRECT_URL = "sign-in"
SESSION_COOKIE_NAME = "duban_demo_session" if DEMO else "duban_session"
SESSION_COOKIE_AGE = 12 * 3600

# --- Language and time -----------------------------------------------------------------------

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "config" / "locale"]
LANGUAGE_COOKIE_NAME = "duban_language"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

# --- Static files ----------------------------------------------------------------------------

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "config" / "static"]
STATIC_ROOT = VAR / "static"
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "config.staticfiles.OwnAppFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# --- Work in the background ------------------------------------------------------------------

_queue = VAR / ("demo-queue" if DEMO else "queue")
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="filesystem://")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = TIME_ZONE
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
if CELERY_BROKER_URL.startswith("filesystem"):
    # Measured: the default interval of 1 s allows about four tasks a second.
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_queue),
        "data_folder_out": str(_queue),
        "control_folder": str(_queue / "control"),
        "polling_interval": 0.1,
    }
else:
    # Measured: with kombu's defaults a killed worker's task comes back after about 100 s or an hour.
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": 900,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
    }

# --- Telling people --------------------------------------------------------------------------

DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="督办 <duban@localhost>")
SITE_URL = env.str("SITE_URL", default="http://127.0.0.1:8000").rstrip("/")
if DEMO or not env.str("EMAIL_URL", default=""):
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = OUTGOING / "mail"
else:
    globals().update(env.email_url("EMAIL_URL"))
EMAIL_TIMEOUT = 20
# How many mails a minute the mail server takes from us; 0: as many as there are.
EMAIL_A_MINUTE = env.int("EMAIL_A_MINUTE", default=0)
# Addresses of SMS providers in the order in which they are tried, apart by spaces (see docs/channels.zh-hans.md).
# The demonstration never has a real one.
SMS_PROVIDERS = [] if DEMO else env.str("SMS_PROVIDERS", default="").split()
SMS_PATIENCE = (10, 15)  # seconds for a connection, and for an answer: well inside a sender's lease of two minutes
# The secret part of the address at which providers tell how an SMS ended; without it nobody can.
SMS_RECEIPT_TOKEN = env.str("SMS_RECEIPT_TOKEN", default="")
# The groups of offices: code of a unit=address of its robot, apart by spaces (see docs/channels.zh-hans.md).
GROUP_ROBOTS = [] if DEMO else env.str("GROUP_ROBOTS", default="").split()
GROUP_PATIENCE = (5, 10)  # seconds, likewise
# channel code → class
NOTIFICATION_CHANNELS = {
    "inbox": "notifications.channels.inbox.InboxChannel",
    "email": "notifications.channels.email.EmailChannel",
    "sms": f"notifications.channels.{'sms.SmsChannel' if SMS_PROVIDERS else 'file.FileChannel'}",
}
# Asked when an SMS leaves: what the variables of the provider's template stand for.
NOTIFICATION_VALUES = "workflows.words.values_of"
# Asked before every sending: is what this message says still true?
NOTIFICATION_STILL_WANTED = "workflows.still_true.still_wanted"
# Asked when a message leaves that was written without words: what does it say?
NOTIFICATION_WORDS = "workflows.words.words_of"
# Asked before an edit of a calendar is saved: what it would do to the dates that run.
CALENDAR_EDIT_EFFECT = "workflows.recounting.preview"
# Kinds of notices that ask nothing of their reader: who wants none of them by e-mail gets none.
NOTIFICATION_FOR_INFORMATION = "workflows.notices.FOR_INFORMATION"
# Hours of working days in which notices may leave the house, Asia/Shanghai; a bureau may have its own.
NOTIFICATION_WINDOW = (10, 20)
# When a digest leaves: rungs fire from ten to eleven, so that what a morning brings is in that day's.
NOTIFICATION_DIGEST_AT = 11
# channel → minutes between two messages to one person, and how many a day at the most.
NOTIFICATION_LIMITS = {"sms": (10, 6), "email": (0, 30)}
ATTACHMENT_MAX_MB = env.int("ATTACHMENT_MAX_MB", default=20)
DATA_UPLOAD_MAX_NUMBER_FIELDS = 4000

# --- Being watched ---------------------------------------------------------------------------

# Written, and asked for, after every audit in which everything passed; never by the demonstration for real use.
DUBAN_HEARTBEAT_FILE = str(VAR / "demo-heartbeat") if DEMO else env.str("DUBAN_HEARTBEAT_FILE", str(VAR / "heartbeat"))
DUBAN_HEARTBEAT_URL = "" if DEMO else env.str("DUBAN_HEARTBEAT_URL", default="")
# Sign-in name of an account whose mailbox and phone somebody watches: told once every working day that notices leave.
CANARY_USER = "" if DEMO else env.str("CANARY_USER", default="")
# Who may read /metrics: whoever shows this; without one, this machine alone.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")

# --- Personal data -----------------------------------------------------------------------------

# Keys of encrypted fields ("k2:base64,k1:base64", the first writes) and of their blind index; without them a file
# keeps both (see ledger/keys.py). The demonstration has keys of its own.
FIELD_KEYS = "" if DEMO else env.str("DUBAN_FIELD_KEYS", default="")
INDEX_KEY = "" if DEMO else env.str("DUBAN_INDEX_KEY", default="")
FIELD_KEYS_FILE = VAR / ("demo-field-keys" if DEMO else "field-keys")
# Where every event of the audit log is written a second time: a file, or syslog:, syslog:/dev/log, syslog://host:port.
AUDIT_SINK = str(VAR / "demo-audit.jsonl") if DEMO else env.str("DUBAN_AUDIT_FILE", default=str(VAR / "audit.jsonl"))

# --- Safety ----------------------------------------------------------------------------------

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=False) else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SITE_URL.startswith("https://")
SILENCED_SYSTEM_CHECKS: list[str] = []

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="WARNING")},
}

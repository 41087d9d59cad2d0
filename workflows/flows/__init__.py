"""Who acts next, measure by measure. A plan file names a flow by its code here."""

from viewflow.workflow.flow import Flow

from workflows.flows.channels import ChannelsFlow
from workflows.flows.community import CommunityFlow, SiteFlow
from workflows.flows.duties import DutiesFlow
from workflows.flows.filing import FilingFlow, RosterFlow
from workflows.flows.general import GeneralMeasureFlow
from workflows.flows.ledger import LedgerFlow
from workflows.flows.monthly import MonthlyCheckFlow
from workflows.flows.property import PropertyFlow
from workflows.flows.rights import RightsFlow
from workflows.flows.services import ServicesFlow
from workflows.flows.training import TrainingFlow

FLOWS: dict[str, type[Flow]] = {
    "ledger": LedgerFlow,
    "training": TrainingFlow,
    "channels": ChannelsFlow,
    "services": ServicesFlow,
    "rights": RightsFlow,
    "community": CommunityFlow,
    "site": SiteFlow,
    "property": PropertyFlow,
    "roster": RosterFlow,
    "filing": FilingFlow,
    "monthly": MonthlyCheckFlow,
    "duties": DutiesFlow,
    "general": GeneralMeasureFlow,
}

"""Workbooks coming in: uploaded, checked row by row, looked at by a person, taken over, and taken back if need be.

batch = uploading.upload(county, file, name, by=…, now=…)   the file is kept, encrypted
checking.check(batch.pk, now)                               what each row would do; nothing of the ledger is written
committing.begin(batch, by=…, now=…, valid_only=False)      a person takes it over
committing.commit(batch.pk, now)                            one transaction
undoing.undo(batch, by=…, now=…)                            while nobody has touched the rows since
"""

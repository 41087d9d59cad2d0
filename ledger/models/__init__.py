"""The ledger (台账): households and persons, what they said, what was done with them, and who looked."""

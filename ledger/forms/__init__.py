"""What the ledger's pages ask."""

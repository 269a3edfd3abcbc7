"""One file per revision of the ledger's tables; never edited once released."""

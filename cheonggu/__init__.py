"""cheonggu (청구, "claim"): everything true about Korean medical claims, without an orchestrator."""

__version__ = "0.1.0"

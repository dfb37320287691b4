"""The layers that all services share: domain, contracts, broker, stores."""

"""`python -m services.gateway.rest.openapi`: writes `openapi.json`, which is committed."""

from services.gateway.rest.openapi.committed import COMMITTED
from services.gateway.rest.openapi.document import as_json

if __name__ == "__main__":
    COMMITTED.write_text(as_json())

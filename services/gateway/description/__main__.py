"""`python -m services.gateway.description`: writes the document that is committed."""

from services.gateway.description.document import COMMITTED, as_json

if __name__ == "__main__":
    COMMITTED.write_text(as_json())

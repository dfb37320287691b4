"""Long polling, websocket and callback polling over uvicorn's connections."""

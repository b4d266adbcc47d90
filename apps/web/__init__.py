"""The web app: Streamlit pages, one ASGI server around them, no logic of its own about gait."""

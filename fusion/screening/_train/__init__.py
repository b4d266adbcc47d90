"""How the shipped coefficients are made; nothing here is loaded when a walk is analysed."""

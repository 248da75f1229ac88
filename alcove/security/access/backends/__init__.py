"""Django database backends that refuse writes outside actions."""

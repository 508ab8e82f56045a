"""The pages of an opened function, in the order of their tabs. Their own module is imported late."""

PAGES = ("Invoke", "Logs", "Charts", "Timeline", "Triggers", "Configuration", "Role", "History", "Query")

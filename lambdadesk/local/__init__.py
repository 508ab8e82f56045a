"""The Local AWS: MiniStack as a child process, its sample account and traffic."""

"""The commands of agents about invitations and work, one method for each."""

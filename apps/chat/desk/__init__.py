"""The room's pages of the moderators' desk."""

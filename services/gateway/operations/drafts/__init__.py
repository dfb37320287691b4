"""Operations that create, change and send drafts."""

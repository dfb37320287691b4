"""Operations that decide who works on an interaction, and where it waits."""

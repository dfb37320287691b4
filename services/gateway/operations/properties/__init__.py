"""Operations that change what is noted about an interaction."""

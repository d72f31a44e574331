"before",
error("boom")

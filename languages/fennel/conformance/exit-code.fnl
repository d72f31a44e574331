(os.exit 7)

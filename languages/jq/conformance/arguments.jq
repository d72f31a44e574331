$ARGS.positional[] | "[\(.)]"

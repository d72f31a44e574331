@main def leaveWithTheExitCodeThatIsWantedByAMethodOfSuchALongName() = sys.exit(7)

const dive = () => dive() + 1
dive()

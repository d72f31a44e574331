args.each { println "[$it]" }

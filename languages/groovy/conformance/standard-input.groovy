System.in.eachLine { println "[$it]" }

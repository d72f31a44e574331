yes ''

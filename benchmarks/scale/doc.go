// Package scale measures cost as work grows, and says by which formula it grows.
//
// Rows are sizes. Each experiment draws what was measured as lines and its formula beside them, dashed; a line that leaves its formula is
// the finding.
//
// A formula has the shape that the code gives it. Its constants are of two kinds. Sizes of structs, texts and formats: all of an idle grain,
// 96 and 64 B of a reminder, 17 B of a recipient, its variables and 16 B of its hash. The others were fitted: measured by the same
// experiments, once, and left alone since: 18 and 57 B of a reminder; 4,050 B, 10 records, 115 B a chunk and 4.2 kB a window (so 0.4 of the
// 17.4 B) of a uniform campaign; 1,900 B, 12 records, 56 B and 370 outcomes a record of a personal one; 22 kB of a connection. So the dashed
// line of idle grains is a prediction. The others say whether cost still grows in the same shape and as slowly as it did.
//
// # The model
//
//	idle grain         112 B cell + 48 B identity + 16 B state + 8…16 B table             =   184…192 B
//	pending reminder   96 B entry + 64 B texts + 18 B heap + about 95 B map               ≈   273 B, if it is due this hour or the next; else 0 B
//	uniform campaign   4,050 B + 17.4 B a recipient; 10 records + 2 for 25,000            (multicast)
//	personal campaign  1,900 B + (90.2 B + variables) a recipient; 12 records + 1 for 370 (push; 190.2 B with 100 B of variables)
//	processor time     c seconds a recipient: no formula, but measured by scale-pushes: "CPU s per 100k" of its largest row over 100,000
//	memory of serve    the base of its process + the heap's limit (112 MiB, stacks included) + buffers of the calls in flight: it doesn't grow
//	                   with recipients, but it does with open connections, about 22 kB each (two goroutines with their stacks and
//	                   buffers); all channels together have about max-in-flight (2,048) of them
//
// # Carried to 100 nodes and 100 million recipients a day, on paper
//
// With R recipients a day on N nodes, each by push with 100 B of variables (the report does the same with what was measured):
//
//	stored a day        190.2 R B = 19 GB, 0.19 GB a node; three replicas: 57 GB
//	records a day       R / 370 = 270,000; a store takes thousands a second
//	processor time      c R; with c = 102 µs (one run of scale-pushes with a million recipients, on two cores) 10,200 s, 102 s a node a day: 0.06 % of a node with two cores
//	the busiest second  LINE lets a channel make 2,000 pushes a second. 100 channels at once are 200,000 a second, 2,000 a node: 0.2 of a core,
//	                    540 records and 11 MB of journal a second for the store, and R is done after 500 s
//	by multicast        17.4 R B = 1.7 GB; 100 channels with 200 calls of 500 a second are through after 10 s
//
// What bounds such a day is the provider's rate and, in the busiest second, the store's, not the nodes' memory or processors. What is not in the
// formulas: replication's own processor time, messages between nodes (composer to poster, poster to checker: about 300 B a recipient where
// they are on different nodes), a fail-over's second deliveries under the same keys.
//
// # On failure
//
// A cell that can't keep its own rules (all accepted before the due time) fails with an error that says so, and is no figure.
package scale

// Package tracing sends what the daemon does to an OpenTelemetry receiver, by OTLP over HTTP. It is off unless an endpoint is set.
//
//	accept campaign                  below the client's span, if its request has a traceparent; campaign why shows the trace id
//	     ▲ link
//	chunk                            the root of a trace of its own: what its composer renders and tells
//	  ├─ provider call               a multicast's; of pushes the first one's, so that no recipient has a span
//	  └─ journal append              its outcomes are stored
//	     ▲ link
//	check                            a batch of reports, which belongs to several chunks
//
// Every campaign is traced, and about 200 chunks of each run: which ones follows from the run and the chunk's number, so that all nodes agree.
// What is sent again is always traced. A campaign that was accepted while nothing was traced has no traces later either. Messages between
// actors carry the trace (engine.Trace), also to other nodes; events keep the campaign's. What is not traced pays for a flag.
//
// Spans wait in a bounded queue and go in batches. Nothing waits for the receiver: what finds the queue full, and what the receiver doesn't
// take in time, is dropped and counted ([Tracing.Dropped]), and the log says when that begins and ends. Headers and certificates come from
// OpenTelemetry's own variables, such as OTEL_EXPORTER_OTLP_HEADERS.
package tracing

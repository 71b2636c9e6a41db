// Package providertest is the conformance suite of the seam provider.Provider, run by every implementation.
//
// It asks for nothing but what the pipeline stands on: that each verdict means what package provider says, and that the ledger of the
// service agrees. The service is always the simulator, because it can be told to fail; what differs is the way to it.
//
//	providertest.Run(t, func(t *testing.T, o linesim.Options) providertest.Lab { … })
package providertest

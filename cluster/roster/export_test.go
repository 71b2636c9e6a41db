package roster

// NegLog2 is tested by itself.
var NegLog2 = negLog2

// Package all puts the systems of the pipeline's tables together.
package all

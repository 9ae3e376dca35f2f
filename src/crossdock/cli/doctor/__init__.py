"""What ``crossdock doctor`` looks at; each probe returns findings and changes nothing."""

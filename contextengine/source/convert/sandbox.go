package convert

// SandboxReport says how a worker is fenced off on this machine.
type SandboxReport struct {
	Network string // namespace, landlock or none
	Files   string // landlock or none
	Limits  bool   // memory, CPU time and file size
	Weak    bool   // nothing keeps a program that reads a document from the network
	Detail  string // a sentence for the operator
}

package convert

import "github.com/flomastr/flomastr"

// What can be wrong with a document, each with a code that the web app may explain further.
var (
	ErrEmpty = flomastr.Errorf(flomastr.Invalid, "file_empty",
		"The file is empty.")
	ErrTooLarge = flomastr.Errorf(flomastr.TooLarge, "file_too_large",
		"The file is larger than we read; split it and upload the parts.")
	ErrEncrypted = flomastr.Errorf(flomastr.Invalid, "file_encrypted",
		"The document is protected by a password; remove it and upload again.")
	ErrBroken = flomastr.Errorf(flomastr.Invalid, "file_broken",
		"The file is damaged or incomplete; open it, save it again and upload that.")
	ErrMislabelled = flomastr.Errorf(flomastr.Invalid, "file_mislabelled",
		"The file's content is not what its name says; give it the right ending and upload again.")
	ErrUnsupported = flomastr.Errorf(flomastr.Unsupported, "file_unsupported",
		"This kind of file is not read; upload a document, a table, a presentation, a page, a mail, a picture of text or plain text.")
	ErrBomb = flomastr.Errorf(flomastr.Invalid, "file_unpacks_too_large",
		"The file unpacks to far more than a document holds, so it was not opened.")
	ErrUnsafeNames = flomastr.Errorf(flomastr.Invalid, "file_unsafe_archive",
		"The file holds entries that lead outside of it, so it was not opened.")
	ErrUnsafeXML = flomastr.Errorf(flomastr.Invalid, "file_unsafe_xml",
		"The file holds XML that no office program writes, so it was not opened.")
	ErrTooDeep = flomastr.Errorf(flomastr.Invalid, "file_nested_too_deeply",
		"The document is nested more deeply than any real one, so it was not read.")
	ErrNoText = flomastr.Errorf(flomastr.Invalid, "file_no_text",
		"The document holds no text.")
	ErrTooComplex = flomastr.Errorf(flomastr.Invalid, "file_too_complex",
		"Reading this document took more time or memory than we give one; simplify or split it.")
	ErrToolMissing = flomastr.Errorf(flomastr.Unavailable, "converter_missing",
		"The server lacks a program that reads this kind of file; its operator can install it.")
	ErrNoSandbox = flomastr.Errorf(flomastr.Unavailable, "sandbox_missing",
		"The server cannot fence off the program that reads this kind of file; its operator can allow it.")
	ErrFailed = flomastr.Errorf(flomastr.Unavailable, "converter_failed",
		"The document could not be read now; try again.")
)

// sentence gives an error of ours another sentence under the same kind and code.
func sentence(err *flomastr.Error, message string) *flomastr.Error {
	return flomastr.Errorf(err.Kind, err.Code, message)
}

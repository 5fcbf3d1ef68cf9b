// Keeps the library non-empty; the shared fakes and fixtures live in the headers and sources beside
// it.

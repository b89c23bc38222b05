CREATE INDEX "search_docs_terms" ON "search_docs" USING gin ("terms");

CREATE FULLTEXT INDEX `search_docs_terms` ON `search_docs` (`terms`);

CREATE VIRTUAL TABLE `search_terms` USING fts5(terms, content='', contentless_delete=1, prefix='3', tokenize="unicode61 remove_diacritics 0 categories 'L* N* M* Co' tokenchars '_'");

-- Events of one subject (api_events_*_of). A small index: for each 16 pages a filter of the subjects on them. It costs a
-- write next to nothing, as vacuum fills it in later; pages that have none yet are read, and those that a filter takes for
-- a subject's by mistake.
create index events_of_subject on events using brin (subject text_bloom_ops (n_distinct_per_range = 1000))
  with (pages_per_range = 16);

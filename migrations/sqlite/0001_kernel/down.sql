DROP TABLE leases;
DROP TABLE stream_events;
DROP TABLE stream_heads;
DROP TABLE outbox;
DROP TABLE receipts;
DROP TABLE engagements;

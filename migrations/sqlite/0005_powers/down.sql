DROP TABLE connections;
DROP TABLE replicas;
DROP TABLE audit;
DROP TABLE cool_downs;

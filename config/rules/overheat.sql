-- Readings above 60 degrees, into a stream of their own.
INSERT INTO overheat
SELECT device, temp
FROM telemetry
WHERE temp > 60

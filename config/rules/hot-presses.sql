-- A plain SELECT: the configuration says where it goes ('into') and what the partition key is ('key-fields').
SELECT device, temp
FROM telemetry
WHERE device LIKE 'press-%' AND temp > 80

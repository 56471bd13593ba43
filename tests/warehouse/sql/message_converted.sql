WITH
    (SELECT tuple(groupBitmapState(profile_id)) FROM profile FINAL) AS profiles,
    (SELECT groupBitmapState(profile_id) FROM (SELECT m.profile_id AS profile_id FROM (SELECT message_id, profile_id, toDateTime64(since, 3, 'UTC') AS at FROM (SELECT DISTINCT message_id, profile_id FROM message WHERE campaign_id IN {p1:Array(UInt64)}) AS sent INNER JOIN (SELECT message_id, min(at) AS since FROM message_event WHERE kind IN (1, 2) AND message_id IN (SELECT message_id FROM message WHERE campaign_id IN {p1:Array(UInt64)}) GROUP BY message_id) AS accepted USING (message_id)) AS m ASOF INNER JOIN (SELECT profile_id, at FROM event WHERE name = {p2:String}) AS e ON m.profile_id = e.profile_id AND m.at < e.at WHERE toUnixTimestamp64Milli(e.at) - toUnixTimestamp64Milli(m.at) <= 259200000 GROUP BY m.profile_id HAVING count() >= {p3:Int64})) AS set1
SELECT arrayJoin(bitmapToArray(bitmapAnd(profiles.1, set1))) AS profile_id
-- p1 = [3, 4]
-- p2 = "Order Completed"
-- p3 = 1

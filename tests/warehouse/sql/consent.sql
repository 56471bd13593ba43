WITH
    (SELECT tuple(groupBitmapState(profile_id)) FROM profile FINAL) AS profiles,
    (SELECT groupBitmapState(profile_id) FROM (SELECT profile_id FROM consent FINAL WHERE channel = 'text' AND purpose = 'promotional' AND state = 'subscribed' AND changed_at >= {p1:DateTime64(3, 'UTC')} AND changed_at < {p2:DateTime64(3, 'UTC')})) AS set1
SELECT arrayJoin(bitmapToArray(bitmapAnd(profiles.1, set1))) AS profile_id
-- p1 = "2026-10-25 10:00:00.000"
-- p2 = "2026-11-24 10:00:00.001"

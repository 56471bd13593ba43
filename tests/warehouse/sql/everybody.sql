WITH
    (SELECT tuple(groupBitmapState(profile_id)) FROM profile FINAL) AS profiles
SELECT arrayJoin(bitmapToArray(profiles.1)) AS profile_id

WITH
    (SELECT tuple(groupBitmapStateIf(profile_id, (arrayAll(x -> hasAny(arrayConcat(properties.`tags`.:`Array(Nullable(String))`, arrayMap(x -> dynamicElement(x, 'String'), properties.`tags`.:`Array(Dynamic)`), if(properties.`tags`.:`String` != '', [properties.`tags`.:`String`], [])), x), {p1:Array(Array(String))}) AND hasAll(arrayFilter(x -> isNotNull(x), arrayConcat(properties.`tags`.:`Array(Nullable(Float64))`, arrayMap(x -> toFloat64(x), properties.`tags`.:`Array(Nullable(Int64))`), arrayMap(x -> coalesce(dynamicElement(x, 'Float64'), toFloat64(dynamicElement(x, 'Int64'))), properties.`tags`.:`Array(Dynamic)`), if(isNotNull(coalesce(properties.`tags`.:`Float64`, toFloat64(properties.`tags`.:`Int64`))), [coalesce(properties.`tags`.:`Float64`, toFloat64(properties.`tags`.:`Int64`))], []))), {p2:Array(Float64)})))) FROM profile FINAL) AS profiles
SELECT arrayJoin(bitmapToArray(profiles.1)) AS profile_id
-- p1 = [["a"]]
-- p2 = [1.0]

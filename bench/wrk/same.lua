-- The same request again and again: wrk formats it once and calls no Lua for it.
dofile("common.lua")

-- Gives out a generation.
--
--   reply     the generation

local generation = issue()
remember()
return text(generation)

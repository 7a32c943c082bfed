"""What readings mean: emptied, missed, full in five hours; litres a tree needs; free spaces and how sure.

Detectors (`waste`, `irrigation`, `parking`) are pure folds over the inputs of one asset in order of time, in the words
of `words`. `fold` runs them so that order and repetition of arrival change nothing; whoever keeps their state and
stores what they say is `keeper`. Planners (`plans`) answer questions over many assets from what detectors know.
"""

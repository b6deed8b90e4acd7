"""The swap tried in a fork of the living process, with its real state: does the new version load, and is the old one let go of?"""

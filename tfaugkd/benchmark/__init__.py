"""The job `tfaugkd benchmark`: how long a step of each method takes, and how long it need take."""

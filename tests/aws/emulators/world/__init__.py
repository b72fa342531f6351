"""Moto, and around it as much of AWS as a fault needs. What is whose: README.md beside this package."""

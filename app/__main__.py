from app.cli.commands import main

# A process that builds the model imports this again.
if __name__ == "__main__":
    main()

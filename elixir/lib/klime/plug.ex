defmodule Klime.Plug do
  @moduledoc """
  A plug that flushes a client before each response goes out.

      plug Klime.Plug, client: Klime

  This adds Klime's latency to every request. Use it only where a process may be frozen or killed right after a request; a client
  in a supervision tree delivers its events without it.

  Options:

    * `:client` - the client to flush; required
    * `:timeout` - how many milliseconds the flush may take, 5000 unless given. The client then goes on in the background.

  A client that is not running does not hurt the request.
  """

  # It does not declare the behaviour `Plug`: it is there also when an app gets Plug only after klime was compiled.
  @compile {:no_warn_undefined, Plug.Conn}

  @doc """
  Checks the options. Raises `KeyError` without `:client`, and `ArgumentError` for a timeout that is none.

      iex> Klime.Plug.init(client: Klime)
      [client: Klime, timeout: 5000]
  """
  @spec init(keyword()) :: keyword()
  def init(options) do
    [client: Keyword.fetch!(options, :client), timeout: timeout(Keyword.get(options, :timeout, 5000))]
  end

  defp timeout(:infinity), do: :infinity
  defp timeout(timeout) when is_integer(timeout) and timeout >= 0, do: timeout

  defp timeout(other) do
    raise ArgumentError, "timeout is #{inspect(other)}, it must be a whole number of milliseconds or :infinity"
  end

  @doc """
  Has the client flushed when the response is about to be sent.
  """
  @spec call(Plug.Conn.t(), keyword()) :: Plug.Conn.t()
  def call(conn, options) do
    Plug.Conn.register_before_send(conn, fn conn ->
      Klime.flush(options[:client], options[:timeout])
      conn
    end)
  end
end
